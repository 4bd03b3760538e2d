// Targets that break rules, by which the loop is tried.

/** @type {Record<string, import("./targets.js").Target>} */
export const TARGETS = {
  throws: {
    what: "one input of some hundred fails",
    generate: (random) => random.bytes(2),
    run(input) {
      if (input[0] === 7) throw new Error("a seven");
    },
  },
  hangs: {
    what: "one input of four never ends",
    generate: (random) => Buffer.from([random.below(4)]),
    run(input) {
      while (input[0] === 3);
    },
  },
  rejects: {
    what: "a promise that nobody waits for",
    generate: () => Buffer.alloc(1),
    async run() {
      Promise.reject(new Error("left behind"));
      await new Promise((resolve) => setTimeout(resolve, 1000));
    },
  },
  hoards: {
    what: "all memory",
    generate: () => Buffer.alloc(1),
    run() {
      const all = [];
      for (;;) all.push(new Array(1000).fill(0).map((_, at) => ({ at })));
    },
  },
};
