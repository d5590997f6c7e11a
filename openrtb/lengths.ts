/**
 * Longest texts of a message in UTF-16 units. Identifiers are inserted into URLs and markup, as often as these ask for
 * them, and are stored; real ones are far shorter.
 */

export const ID_LENGTH_MAX = 512;

/** What common servers take in a request line. */
export const URL_LENGTH_MAX = 8_192;
