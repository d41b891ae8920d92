import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../settings.js';
import type { StandIn } from '../stand-in/stand-in.js';
import {
  bypass,
  done,
  failure,
  fewerTokensThan,
  hit,
  hitFasterThan,
  miss,
  oneCallForAll,
  refusal,
  stale,
  streamed,
} from './checks.js';
import type { Steps } from './steps.js';
import type { Ask, Visit } from './visitor.js';

const SKY = { prompt: 'Why is the sky blue?' };
const RAIN = { prompt: 'Why does it rain?' };
const SNOW = { prompt: 'Why does it snow?' };
const MAIL = { text: 'I want my money back.', labels: ['praise', 'complaint', 'question'] };
const TEXTS = ['the sky is blue', 'it rains', 'it snows'];
/** For how long a late answer is waited for. */
const PATIENCE_MS = 10_000;

const chat = (body: object, user?: string): Ask => ({ path: '/chat', body, ...(user !== undefined && { user }) });

/** A walk through what the cache does for a language model, over the app's own HTTP. */
export class Tour {
  private readonly model: string;

  constructor(
    private readonly steps: Steps,
    private readonly settings: Settings,
  ) {
    this.model = encodeURIComponent(settings.model);
  }

  async run(standIn: StandIn | undefined): Promise<void> {
    await this.paidOnce();
    await this.notKept();
    await this.otherKinds();
    await this.forgotten();
    if (standIn !== undefined) await this.outage(standIn);
    await this.bill();
  }

  /** The app has been started anew. */
  async afterRestart(): Promise<void> {
    await this.steps.take('the app is started anew', chat(SNOW), hit);
  }

  /** All answers of the tour. */
  async forget(): Promise<void> {
    const { model, embeddingModel = model } = this.settings;
    for (const one of [model, embeddingModel]) await this.steps.visitor.visit(this.evict(encodeURIComponent(one)));
  }

  private async paidOnce(): Promise<void> {
    const { steps } = this;
    const first = await steps.take('nobody asked yet', chat(SKY), miss);
    await steps.take('asked again', chat(SKY), hitFasterThan(first));
    await steps.take('by Ada, for herself', chat(SKY, 'ada'), miss);
    await steps.take('by Ada again', chat(SKY, 'ada'), hit);
    await steps.take('temperature 0.8', chat({ ...SKY, temperature: 0.8 }), bypass);
    await steps.take('temperature 0.8, to be kept', chat({ ...SKY, temperature: 0.8, cache: true }), miss);
    await steps.take('the same again', chat({ ...SKY, temperature: 0.8, cache: true }), hit);
    await steps.take('50 ask at once', { ...chat(RAIN), times: 50 }, oneCallForAll);
  }

  private async notKept(): Promise<void> {
    await this.twice('too short to keep', chat({ prompt: 'Say only: yes' }), miss);
    await this.twice('cut short', chat({ ...SKY, maxTokens: 3 }), miss);
    await this.twice('streamed', { path: '/chat/stream', body: SKY }, streamed);
    await this.twice('no such model', chat({ ...SKY, model: 'no-such-model' }), refusal);
  }

  private async otherKinds(): Promise<void> {
    const { steps } = this;
    await steps.take('to be classified', { path: '/classifications', body: MAIL }, miss);
    const reordered = { ...MAIL, labels: MAIL.labels.toReversed() };
    await steps.take('labels in another order', { path: '/classifications', body: reordered }, hit);
    if (this.settings.embeddingModel === undefined) return;
    const first = await steps.take('three texts', { path: '/embeddings', body: { texts: TEXTS } }, miss);
    const more = { texts: [...TEXTS, 'it hails'] };
    await steps.take('these and a fourth', { path: '/embeddings', body: more }, fewerTokensThan(first));
    await steps.take('all four again', { path: '/embeddings', body: more }, hit);
  }

  private async forgotten(): Promise<void> {
    const { steps } = this;
    await steps.take('forget what Ada was told', { method: 'DELETE', path: '/users/ada/answers' }, done);
    await steps.take('Ada asks', chat(SKY, 'ada'), miss);
    await steps.take('everybody else asks', chat(SKY), hit);
    await steps.take('forget what the model said', this.evict(this.model), done);
    await steps.take('everybody asks', chat(SKY), miss);
    await steps.take('of another kind, too', { path: '/classifications', body: MAIL }, miss);
    const { embeddingModel, model } = this.settings;
    if (embeddingModel === undefined || embeddingModel === model)
      return void (await steps.take('snow', chat(SNOW), miss));
    await steps.take('of another model: untouched', { path: '/embeddings', body: { texts: TEXTS } }, hit);
  }

  private async outage(standIn: StandIn): Promise<void> {
    const { steps } = this;
    const sky = await steps.visitor.visit(chat(SKY));
    const rain = await steps.visitor.visit(chat(RAIN));
    const renewed = { ...this.evict(this.model), path: `/models/${this.model}/answers?stale=allow` };
    await steps.take('all of them may be old by now', renewed, done);
    await standIn.behave('down');
    await steps.take('the API is down', chat(SKY), stale(1, sky));
    await steps.take('not tried again for a while', chat(SKY), stale(0, sky));
    await steps.take('what nobody asked before', chat(SNOW), failure(502));
    await standIn.behave('up');
    await steps.take('the API is back', chat(SNOW), miss);
    await standIn.behave('slow');
    await steps.take('the API is slow', chat(RAIN), stale(1, rain));
    await this.late(chat(RAIN));
    await standIn.behave('up');
  }

  /** What came too late for whoever asked is there for the next one. */
  private async late(ask: Ask): Promise<void> {
    const began = performance.now();
    let visit: Visit;
    do {
      await sleep(50);
      visit = await this.steps.visitor.visit(ask);
    } while (visit.xCache !== 'HIT' && performance.now() - began < PATIENCE_MS);
    this.steps.note('its late answer is kept', visit.xCache, 'HIT in the end', visit.xCache === 'HIT');
  }

  /** The app's books, against what the API counts and what was seen on the way. */
  private async bill(): Promise<void> {
    const { visitor } = this.steps;
    const { tokens } = await visitor.bill();
    const { paid, saved } = (await visitor.stats()).costs;
    const tokensPaid = paid.promptTokens + paid.completionTokens;
    const tokensSaved = saved.promptTokens + saved.completionTokens;
    const kept = tokensPaid === tokens && tokensSaved === visitor.tokensServed - tokens;
    this.steps.note(
      'GET /stats: tokens paid',
      String(tokensPaid),
      `${tokens}, as the API counts`,
      tokensPaid === tokens,
    );
    this.steps.note('GET /stats: tokens saved', String(tokensSaved), 'all others that were served', kept);
  }

  private async twice(title: string, ask: Ask, check: Parameters<Steps['take']>[2]): Promise<void> {
    await this.steps.take(title, ask, check);
    await this.steps.take('  and again', ask, check);
  }

  private evict(model: string): Ask {
    return { method: 'DELETE', path: `/models/${model}/answers` };
  }
}
