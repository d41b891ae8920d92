import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { Body, Controller, Header, HttpCode, Post, StreamableFile } from '@nestjs/common';
import type { Completion } from '../api/protocol.js';
import { Meter } from '../costs/meter.js';
import type { Served } from '../costs/served.js';
import { Settings } from '../settings.js';
import { chatOf, promptOf } from './chat.parameters.js';
import { ChatService } from './chat.service.js';

@Controller('chat')
export class ChatController {
  constructor(
    private readonly chat: ChatService,
    private readonly meter: Meter,
    private readonly settings: Settings,
  ) {}

  @Post()
  @HttpCode(200)
  async answer(@Body() body: unknown): Promise<Served<Completion>> {
    const { prompt, keeps } = chatOf(body, this.settings.model);
    return this.meter.serve('chat', () => this.chat.answer(prompt, keeps));
  }

  @Post('stream')
  @HttpCode(200)
  @Header('X-Cache', 'BYPASS')
  async stream(@Body() body: unknown): Promise<StreamableFile> {
    const events = await this.chat.stream(promptOf(body, this.settings.model));
    return new StreamableFile(Readable.fromWeb(events as ReadableStream), { type: 'text/event-stream' });
  }
}
