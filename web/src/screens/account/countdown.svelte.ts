/** Whole seconds until a moment. It counts by the clock, so a page that slept is right when it wakes. */
export class Countdown {
  #left = $state(0);
  #timer: ReturnType<typeof setInterval> | undefined;

  get left(): number {
    return this.#left;
  }

  start(seconds: number): void {
    this.stop();
    const end = Date.now() + seconds * 1000;
    const count = () => {
      this.#left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
      if (this.#left === 0) this.stop();
    };
    count();
    this.#timer = setInterval(count, 250);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
