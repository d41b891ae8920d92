import { currentUser } from '../users/current-user.js';

/** Everything that this model said. */
export const modelTag = (model: string): string => `model:${model}`;

/** Everything that this user was told. */
export const userTag = (user: string): string => `user:${user}`;

export function userTags(): string[] {
  const user = currentUser();
  return user === undefined ? [] : [userTag(user)];
}
