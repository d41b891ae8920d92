import { Logger } from '@nestjs/common';

/** What the cache has to say to the people who run it: few lines, each topic once. */
export class CacheLog {
  private readonly logger = new Logger('BlossomCache');
  private readonly said = new Set<string>();

  info(message: string): void {
    this.logger.log(message);
  }

  warn(message: string): void {
    this.logger.warn(message);
  }

  /** Warns, once for each place and kind of failure. */
  failure(where: string, what: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.warnOnce(`${where} ${what}`, `${where} ${what}: ${reason}`);
  }

  /** Warns the first time that `topic` comes up. */
  warnOnce(topic: string, message: string): void {
    if (this.said.has(topic)) return;
    this.said.add(topic);
    this.logger.warn(message);
  }
}
