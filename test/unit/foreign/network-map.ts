import type { Hop } from '../../support/remote-store.js';

/** How the messages of one process travel. */
export interface Link {
  readonly hop: Hop;
  /** Hops that a message takes besides, from now on. */
  detour?: number;
}

/** A store across a network, of which nothing is known but that it keeps texts under names: no two messages keep their order. */
export class NetworkMap {
  readonly texts = new Map<string, string>();

  /** What one process sees of it: an adapter of Keyv. */
  connect(link: Link): object {
    const sent = async <T>(what: string, effect: () => T): Promise<T> => {
      for (let left = link.detour ?? 0; left > 0; left -= 1) await link.hop(`${what} …`);
      await link.hop(`${what} →`);
      return effect();
    };
    return {
      get: (name: string) => sent('get', () => this.texts.get(name)),
      set: (name: string, text: string) => sent('set', () => void this.texts.set(name, text)),
      delete: (name: string) => sent('delete', () => this.texts.delete(name)),
    };
  }
}
