/** The part of picomatch that is used here; the package ships no types of its own. */
declare module "picomatch" {
  interface Options {
    dot?: boolean;
    nonegate?: boolean;
    windows?: boolean;
    nocase?: boolean;
  }
  function picomatch(glob: string, options?: Options): (path: string) => boolean;
  export default picomatch;
}
