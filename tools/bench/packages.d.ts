// The modules that bring no types along for the Node that the rest is checked for.

declare module "@cvrg-report/clover-json";
declare module "lcov-parse";
declare module "node:sqlite";
