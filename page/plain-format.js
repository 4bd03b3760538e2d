// Stands in for the number and date formats that uPlot makes when it is loaded and the page never uses:
// loading the browser's own takes longer than drawing a chart, and they would follow its language.

export class PlainFormat {
  /** @param {number} value */
  format(value) {
    return String(value);
  }

  resolvedOptions() {
    return { timeZone: "UTC" };
  }
}
