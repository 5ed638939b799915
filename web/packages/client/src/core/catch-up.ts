/** What came in while we were away: how much of it is here, and when it is through. */

/** Nothing more for this long, and the person need not be told any more. */
const TOLD = 1500; // ms
/** Nothing more for this long, and the keys that were used in it are not needed any more. */
const OVER = 5000; // ms

export class CatchUp {
  readonly #changed: () => void;
  readonly #over: () => void;
  #done = 0;
  #telling: ReturnType<typeof setTimeout> | undefined;
  #ending: ReturnType<typeof setTimeout> | undefined;

  /** `changed`: `done` is another now. `over`: all that waited is through. */
  constructor(changed: () => void, over: () => void) {
    this.#changed = changed;
    this.#over = over;
  }

  /** Messages that came so far; undefined when none are coming. The server does not say how many wait. */
  get done(): number | undefined {
    return this.#done || undefined;
  }

  /** A stream began, or goes on. */
  begin(): void {
    clearTimeout(this.#ending);
    this.#ending = setTimeout(this.#over, OVER);
  }

  took(count: number): void {
    if (count === 0) return;
    this.#done += count;
    this.begin();
    clearTimeout(this.#telling);
    this.#telling = setTimeout(() => this.#told(), TOLD);
    this.#changed();
  }

  stop(): void {
    clearTimeout(this.#telling);
    clearTimeout(this.#ending);
  }

  #told(): void {
    this.#done = 0;
    this.#changed();
  }
}
