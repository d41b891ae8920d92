import { AsyncLocalStorage } from 'node:async_hooks';

const users = new AsyncLocalStorage<string>();

/** Who is asking; undefined where nobody says. */
export const currentUser = (): string | undefined => users.getStore();

export const asUser = <T>(user: string, work: () => T): T => users.run(user, work);

/** Whose an answer is, for `varyBy`: nobody is given what another one was told. */
export function audience(): string {
  const user = currentUser();
  return user === undefined ? 'everybody' : `user:${user}`;
}
