/**
 * What a command of the command line is given. Nothing here runs.
 */

import type { Terminal } from "../console/terminal.js";

/** A command of the command line with its surroundings. */
export interface Invocation {
  // biome-ignore lint/suspicious/noExplicitAny: what a flag holds is its table row's business
  values: Record<string, any>;
  positionals: string[];
  terminal: Terminal;
  signal: AbortSignal;
  cwd: string;
  env: NodeJS.ProcessEnv;
  now: Date;
  /** Writes to standard output. */
  print: (text: string) => void;
}
