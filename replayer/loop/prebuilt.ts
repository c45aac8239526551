// Where the native loop's prebuilt files lie: beside their source, which a checkout and a package both hold.

/** The folder; three folders below the checkout, as the lab's bundle is, so that it is found from there too. */
export const PREBUILT = new URL('../../../replayer/loop/native/prebuilt/', import.meta.url);
