/* tslint:disable */
/* eslint-disable */
import type {
    BadgeWish, Baseline, BaselineQuery, Build, BuildContext, BuildFilter, ChangeFacts, ChangeTerms,
    Circumstances, CollectPlan, CommentFacts, FutureBuilds, GateFacts, GateMeasurement, GateOutcome,
    GroupListing, JobSummary, Measured, Merged, MetricDefinition, Planned, PlannedConfig, PlannedGroups, Reading, RecentQuery,
    RecordedBuild, RecordedMetric, ReportFacts, ReportedMeasurements, Series, StoredValue,
    StyledText, TypeChange, Value,
} from "../types.js";


/**
 * What a change is judged by.
 */
export class Change {
    free(): void;
    [Symbol.dispose](): void;
    judge(measurements: GateMeasurement[], facts: GateFacts): Judgement;
    constructor(config_text: string, facts: ChangeFacts);
    terms(): ChangeTerms;
}

/**
 * A history in the engine's memory.
 */
export class History {
    private constructor();
    free(): void;
    [Symbol.dispose](): void;
    badge(config_text: string | null | undefined, metric: string, wish: BadgeWish): string;
    baseline(metric: string, query: BaselineQuery): Baseline | null;
    buildCount(): number;
    builds(filter: BuildFilter, limit?: number | null): Build[];
    checkRun(context: BuildContext, metrics: MetricDefinition[], circumstances: Circumstances): TypeChange[];
    fold(context: BuildContext, metrics: RecordedMetric[], measured_at?: number | null): RecordedBuild;
    futureBuilds(now: string, most: number): FutureBuilds;
    gate(change: Change, measurements: GateMeasurement[], facts: GateFacts): Judgement;
    merge(image: Uint8Array, of_one_repository: boolean): Merged;
    metricDefinitions(): MetricDefinition[];
    static open(image: Uint8Array | null | undefined, proved: boolean, taken?: Function | null): History;
    recent(metrics: string[], query: RecentQuery): Value[][];
    record(context: BuildContext, metrics: RecordedMetric[], circumstances: Circumstances): RecordedBuild;
    report(config_text: string | null | undefined, facts: ReportFacts, style: string, script: string): string;
    reportedBuilds(now: string): number;
    save(): Uint8Array;
    series(metric: string, filter: BuildFilter): Series;
    typeChanges(metrics: MetricDefinition[]): TypeChange[];
    valuesByBuildId(id: number): StoredValue[];
}

/**
 * A judged run, kept for its texts.
 */
export class Judgement {
    private constructor();
    free(): void;
    [Symbol.dispose](): void;
    comment(facts: CommentFacts): string;
    lines(is_problem_shown: boolean): StyledText[][];
    outcome(): GateOutcome;
    summary(facts: CommentFacts): string;
}

export function checkConfig(text: string, file: string): PlannedConfig;

export function closest(word: string, choices: string[]): string | undefined;

export function expandGroups(config_text: string, file: string, listings: GroupListing[]): PlannedGroups;

export function formatValue(value: number, unit?: string | null): string;

export function gateMarker(marker?: string | null): string;

export function isPullRequestEvent(name: string): boolean;

export function planCollectWords(words: string[]): CollectPlan;

export function planCommand(command: string): Planned;

export function preview(config_text: string, facts: ReportFacts, style: string, script: string): string;

export function readMeasured(measured: Measured[]): Reading[];

export function renderSummary(facts: JobSummary): string;

export function reportedMeasurements(text: string, file: string, metrics: MetricDefinition[]): ReportedMeasurements;

/**
 * Reports a Rust panic, which is a bug, on the console before the trap reaches JavaScript.
 */
export function start(): void;

export function version(): string;

export type InitInput = RequestInfo | URL | Response | BufferSource | WebAssembly.Module;

export interface InitOutput {
    readonly memory: WebAssembly.Memory;
    readonly __wbg_change_free: (a: number, b: number) => void;
    readonly __wbg_history_free: (a: number, b: number) => void;
    readonly __wbg_judgement_free: (a: number, b: number) => void;
    readonly change_judge: (a: number, b: any, c: any) => [number, number, number];
    readonly change_new: (a: number, b: number, c: any) => [number, number, number];
    readonly change_terms: (a: number) => [number, number, number];
    readonly checkConfig: (a: number, b: number, c: number, d: number) => [number, number, number];
    readonly closest: (a: number, b: number, c: number, d: number) => [number, number];
    readonly expandGroups: (a: number, b: number, c: number, d: number, e: any) => [number, number, number];
    readonly formatValue: (a: number, b: number, c: number) => [number, number];
    readonly gateMarker: (a: number, b: number) => [number, number];
    readonly history_badge: (a: number, b: number, c: number, d: number, e: number, f: any) => [number, number, number, number];
    readonly history_baseline: (a: number, b: number, c: number, d: any) => [number, number, number];
    readonly history_buildCount: (a: number) => number;
    readonly history_builds: (a: number, b: any, c: number) => [number, number, number];
    readonly history_checkRun: (a: number, b: any, c: any, d: any) => [number, number, number];
    readonly history_fold: (a: number, b: any, c: any, d: number, e: number) => [number, number, number];
    readonly history_futureBuilds: (a: number, b: number, c: number, d: number) => [number, number, number];
    readonly history_gate: (a: number, b: number, c: any, d: any) => [number, number, number];
    readonly history_merge: (a: number, b: any, c: number) => [number, number, number];
    readonly history_metricDefinitions: (a: number) => [number, number, number];
    readonly history_open: (a: number, b: number, c: number) => [number, number, number];
    readonly history_recent: (a: number, b: number, c: number, d: any) => [number, number, number];
    readonly history_record: (a: number, b: any, c: any, d: any) => [number, number, number];
    readonly history_report: (a: number, b: number, c: number, d: any, e: number, f: number, g: number, h: number) => [number, number, number, number];
    readonly history_reportedBuilds: (a: number, b: number, c: number) => [number, number, number];
    readonly history_save: (a: number) => [number, number, number];
    readonly history_series: (a: number, b: number, c: number, d: any) => [number, number, number];
    readonly history_typeChanges: (a: number, b: any) => [number, number, number];
    readonly history_valuesByBuildId: (a: number, b: number) => [number, number, number];
    readonly isPullRequestEvent: (a: number, b: number) => number;
    readonly judgement_comment: (a: number, b: any) => [number, number, number, number];
    readonly judgement_lines: (a: number, b: number) => [number, number, number];
    readonly judgement_outcome: (a: number) => [number, number, number];
    readonly judgement_summary: (a: number, b: any) => [number, number, number, number];
    readonly planCollectWords: (a: number, b: number) => [number, number, number];
    readonly planCommand: (a: number, b: number) => [number, number, number];
    readonly preview: (a: number, b: number, c: any, d: number, e: number, f: number, g: number) => [number, number, number, number];
    readonly readMeasured: (a: any) => [number, number, number];
    readonly renderSummary: (a: any) => [number, number, number, number];
    readonly reportedMeasurements: (a: number, b: number, c: number, d: number, e: any) => [number, number, number];
    readonly start: () => void;
    readonly version: () => [number, number];
    readonly rust_sqlite_wasm_host_epoch_timestamp_in_ms: (a: number) => number;
    readonly rust_sqlite_wasm_host_sleep: (a: bigint, b: number) => void;
    readonly rust_sqlite_wasm_host_random: (a: number, b: number) => number;
    readonly rust_sqlite_wasm_abort: () => void;
    readonly rust_sqlite_wasm_assert_fail: (a: number, b: number, c: number, d: number) => void;
    readonly rust_sqlite_wasm_calloc: (a: number, b: number) => number;
    readonly rust_sqlite_wasm_malloc: (a: number) => number;
    readonly rust_sqlite_wasm_free: (a: number) => void;
    readonly rust_sqlite_wasm_getentropy: (a: number, b: number) => number;
    readonly rust_sqlite_wasm_host_fill_entropy: (a: number, b: number) => number;
    readonly rust_sqlite_wasm_host_localtime: (a: bigint, b: number) => number;
    readonly rust_sqlite_wasm_localtime: (a: number) => number;
    readonly rust_sqlite_wasm_realloc: (a: number, b: number) => number;
    readonly sqlite3_os_end: () => number;
    readonly sqlite3_os_init: () => number;
    readonly __wbindgen_malloc: (a: number, b: number) => number;
    readonly __wbindgen_realloc: (a: number, b: number, c: number, d: number) => number;
    readonly __wbindgen_free: (a: number, b: number, c: number) => void;
    readonly __wbindgen_exn_store: (a: number) => void;
    readonly __externref_table_alloc: () => number;
    readonly __wbindgen_externrefs: WebAssembly.Table;
    readonly __externref_table_dealloc: (a: number) => void;
    readonly __externref_drop_slice: (a: number, b: number) => void;
    readonly __wbindgen_start: () => void;
}

export type SyncInitInput = BufferSource | WebAssembly.Module;

/**
 * Instantiates the given `module`, which can either be bytes or
 * a precompiled `WebAssembly.Module`.
 *
 * @param {{ module: SyncInitInput }} module - Passing `SyncInitInput` directly is deprecated.
 *
 * @returns {InitOutput}
 */
export function initSync(module: { module: SyncInitInput } | SyncInitInput): InitOutput;

/**
 * If `module_or_path` is {RequestInfo} or {URL}, makes a request and
 * for everything else, calls `WebAssembly.instantiate` directly.
 *
 * @param {{ module_or_path: InitInput | Promise<InitInput> }} module_or_path - Passing `InitInput` directly is deprecated.
 *
 * @returns {Promise<InitOutput>}
 */
export default function __wbg_init (module_or_path?: { module_or_path: InitInput | Promise<InitInput> } | InitInput | Promise<InitInput>): Promise<InitOutput>;
