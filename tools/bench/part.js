// Runs one part of the measurements in this process and prints its rows as JSON on the last line.

const name = process.argv[2];
const { method, rows } = await (await import(`./parts/${name}.js`)).measure();
console.log(`\n${JSON.stringify({ method, rows })}`);
