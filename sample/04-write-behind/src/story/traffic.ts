const PAGES = ['home', 'news', 'about'];
const PROFILES = ['ada', 'grace', 'edsger', 'barbara'];

/** What visitors did, and what of it the application accepted. */
export class Traffic {
  /** By page: views that were accepted, and those of which nobody can say. */
  readonly views = new Map(PAGES.map((page) => [page, { accepted: 0, unknown: 0 }]));
  /** By profile: the last change that was accepted, and the last that was asked for. */
  readonly profiles = new Map(PROFILES.map((id) => [id, { accepted: 0, asked: 0 }]));
  private origin: string | undefined;

  get accepted(): number {
    const views = [...this.views.values()].reduce((sum, { accepted }) => sum + accepted, 0);
    return views + [...this.profiles.values()].reduce((sum, { accepted }) => sum + accepted, 0);
  }

  /** Visitors come until the application is gone. */
  async visit(origin: string): Promise<void> {
    this.origin = origin;
    const readers = PAGES.flatMap((page) => [1, 2, 3].map(() => this.repeat(() => this.view(page))));
    const owners = PROFILES.map((id) => this.repeat(() => this.change(id)));
    await Promise.all([...readers, ...owners]);
  }

  private async repeat(visit: () => Promise<boolean>): Promise<void> {
    while (await visit());
  }

  private async view(page: string): Promise<boolean> {
    const views = this.views.get(page)!;
    const accepted = await this.ask('POST', `/pages/${page}/views`);
    if (accepted) views.accepted += 1;
    else views.unknown += 1;
    return accepted;
  }

  private async change(id: string): Promise<boolean> {
    const profile = this.profiles.get(id)!;
    profile.asked += 1;
    const { asked } = profile;
    const accepted = await this.ask('PUT', `/profiles/${id}`, { name: `${id} ${asked}`, changes: asked });
    if (accepted) profile.accepted = asked;
    return accepted;
  }

  /** Whether it was accepted; not, where the application is gone: then nobody can say. */
  private async ask(method: string, path: string, body?: object): Promise<boolean> {
    try {
      const headers = { 'content-type': 'application/json' };
      const about = body === undefined ? { method } : { method, headers, body: JSON.stringify(body) };
      const answer = await fetch(this.origin + path, about);
      return answer.status === 202;
    } catch {
      return false;
    }
  }
}
