/** Connections that wait to be accepted: with node's 511, clients who all come at once are told to try again in a second. */
export const LISTEN_BACKLOG = 4096;
