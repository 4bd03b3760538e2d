// Texts and pictures that are stored beside their tests: one variable has all of them written instead of compared.

/**
 * Whether what the tests see is stored before it is compared: `UNENTROPY_WRITE_SNAPSHOTS=1`. Read the difference before it
 * is committed.
 */
export const writeSnapshots = process.env.UNENTROPY_WRITE_SNAPSHOTS === "1";
