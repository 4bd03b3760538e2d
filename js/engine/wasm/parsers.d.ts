/* tslint:disable */
/* eslint-disable */
import type { FileList, OpenReport, ReportAnswer, ReportFile, ReportQuestion } from "../types.js";


/**
 * The line counter of one thread.
 */
export class LineCounter {
    free(): void;
    [Symbol.dispose](): void;
    addAll(languages: Uint16Array | number[], lengths: Uint32Array | number[]): Uint8Array;
    detectContents(codes: Uint16Array | number[], lengths: Uint32Array | number[]): Uint16Array;
    detect(paths: string): Uint16Array;
    constructor();
    reserve(length: number): number;
    take(): Float64Array;
}

/**
 * One run's report files.
 */
export class Measurement {
    free(): void;
    [Symbol.dispose](): void;
    answer(length: number, files: ReportFile[], questions: ReportQuestion[]): ReportAnswer[];
    constructor(root: string);
    open(length: number, files: ReportFile[]): OpenReport[];
    place(list: FileList): void;
    reserve(length: number): number;
}

/**
 * Of files that a pattern or a directory gave, those that `bench` reads.
 */
export function benchFiles(paths: string[]): string[];

/**
 * Code lines by language name, from what the threads' counters gave.
 */
export function codeLines(numbers: Float64Array | number[]): [language: string, lines: number][];

/**
 * Reports a Rust panic, which is a bug, on the console before the trap reaches JavaScript.
 */
export function start(): void;

export type InitInput = RequestInfo | URL | Response | BufferSource | WebAssembly.Module;

export interface InitOutput {
    readonly memory: WebAssembly.Memory;
    readonly __wbg_linecounter_free: (a: number, b: number) => void;
    readonly __wbg_measurement_free: (a: number, b: number) => void;
    readonly benchFiles: (a: number, b: number) => [number, number];
    readonly codeLines: (a: number, b: number) => [number, number, number];
    readonly linecounter_addAll: (a: number, b: number, c: number, d: number, e: number) => [number, number, number, number];
    readonly linecounter_detect: (a: number, b: number, c: number) => [number, number];
    readonly linecounter_detectContents: (a: number, b: number, c: number, d: number, e: number) => [number, number];
    readonly linecounter_new: () => number;
    readonly linecounter_reserve: (a: number, b: number) => number;
    readonly linecounter_take: (a: number) => [number, number];
    readonly measurement_answer: (a: number, b: number, c: any, d: any) => [number, number, number];
    readonly measurement_new: (a: number, b: number) => number;
    readonly measurement_open: (a: number, b: number, c: any) => [number, number, number];
    readonly measurement_place: (a: number, b: any) => [number, number];
    readonly measurement_reserve: (a: number, b: number) => number;
    readonly start: () => void;
    readonly __wbindgen_malloc: (a: number, b: number) => number;
    readonly __wbindgen_realloc: (a: number, b: number, c: number, d: number) => number;
    readonly __wbindgen_free: (a: number, b: number, c: number) => void;
    readonly __wbindgen_exn_store: (a: number) => void;
    readonly __externref_table_alloc: () => number;
    readonly __wbindgen_externrefs: WebAssembly.Table;
    readonly __externref_drop_slice: (a: number, b: number) => void;
    readonly __externref_table_dealloc: (a: number) => void;
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
