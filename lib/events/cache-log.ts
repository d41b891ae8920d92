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

  /** Warns the first time that `topic` comes up. */
  warnOnce(topic: string, message: string): void {
    if (this.said.has(topic)) return;
    this.said.add(topic);
    this.logger.warn(message);
  }
}
