declare const UNENTROPY_BUNDLED: true | undefined;
