import { Module, type DynamicModule } from '@nestjs/common';
import { isModelName } from './api/model-name.js';

/** What the environment says, to be injected. */
export abstract class Settings {
  /** Name of the API: answers of one are not those of another, so it is part of every key. */
  abstract readonly api: string;
  /** Up to `/v1`, without a slash behind it. */
  abstract readonly baseUrl: string;
  abstract readonly apiKey?: string | undefined;
  /** Of whoever does not ask for another. */
  abstract readonly model: string;
  /** Without one, whoever wants embeddings has to name it. */
  abstract readonly embeddingModel?: string | undefined;
  /** Comes before every key, so that a tour leaves the answers of others alone. */
  abstract readonly cachePrefix?: string | undefined;
}

@Module({})
export class SettingsModule {
  static of(settings: Settings): DynamicModule {
    const provider = { provide: Settings, useValue: settings };
    return { module: SettingsModule, global: true, providers: [provider], exports: [Settings] };
  }
}

/** The API that the environment names; undefined where it names none. */
export function settingsFrom(env: Readonly<Record<string, string | undefined>>): Settings | undefined {
  const text = env['OPENAI_BASE_URL'];
  if (!text) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
    throw new Error('OPENAI_BASE_URL: a URL such as https://api.openai.com/v1; a key goes into OPENAI_API_KEY');
  }
  const [model, embeddingModel] = [modelFrom(env, 'OPENAI_MODEL'), modelFrom(env, 'OPENAI_EMBEDDING_MODEL')];
  if (model === undefined) throw new Error('OPENAI_MODEL: say which model to ask, along with OPENAI_BASE_URL');
  const api = `${url.host}${url.pathname}`.replace(/\/+$/, '');
  return { api, baseUrl: `${url.protocol}//${api}`, apiKey: env['OPENAI_API_KEY'] || undefined, model, embeddingModel };
}

function modelFrom(env: Readonly<Record<string, string | undefined>>, name: string): string | undefined {
  const model = env[name] || undefined;
  if (model === undefined || isModelName(model)) return model;
  throw new Error(`${name}: the name of a model`);
}
