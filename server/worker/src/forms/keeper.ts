/** Keeps what is typed as a draft, at every key: one save at a time, and the newest after it. */
import type { Draft } from '@/phone';

type Save = (draft: Draft) => Promise<string>;

export class Keeper {
  #id: string | undefined;
  #next: Draft | undefined;
  #running: Promise<void> | undefined;

  constructor(
    private readonly save: Save,
    /** Told the id once there is one. */
    private readonly kept: (id: string) => void,
    /** Told why what was typed last is not on disk; nothing once it is. */
    private readonly failed: (error: unknown) => void,
    id?: string,
    /** Told when something is on its way to the disk, and when all of it is there. */
    private readonly busy: (is: boolean) => void = () => undefined,
  ) {
    this.#id = id;
  }

  get id(): string | undefined {
    return this.#id;
  }

  keep(draft: Draft): void {
    this.#next = draft;
    this.busy(true);
    this.#running ??= this.#run();
  }

  /** Waits until what was typed last is on disk, or could not be put there. */
  async settled(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#next) {
      const draft = this.#next;
      this.#next = undefined;
      try {
        const id = await this.save({ ...draft, id: this.#id ?? null });
        if (this.#id === undefined) this.kept(id);
        this.#id = id;
        this.failed(undefined);
      } catch (error) {
        this.failed(error);
      }
    }
    this.#running = undefined;
    this.busy(false);
  }
}
