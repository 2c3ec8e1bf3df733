/** One connection's bytes as messages: each call takes the next bytes and gives the messages they complete. */
export interface Framing {
  toServer(chunk: Buffer): readonly string[]
  toClient(chunk: Buffer): readonly string[]
}
