/** What listens to a destination. */
export interface Listener<Body> {
  /** Something was pushed. */
  take(body: Body): void;
  /** A subscription stands (again): what is pushed from now on arrives; what came before has to be fetched. */
  ready?(): void;
  /** The connection has ended: states that were pushed are not known any more. */
  lost?(): void;
  /** The server refused the subscription: it is not asked for again. `reason` is for a person. */
  refused?(reason: string): void;
}

/** Destinations that are listened to, over whatever connection there is. */
export interface Pushes {
  /** Listens from the next connection on, and again after each; what it returns ends that. */
  subscribe<Body>(destination: string, listener: Listener<Body>): () => void;
  /** Sends to `/app/…`, unless there is no connection. */
  send(destination: string, body: unknown): void;
}
