import { Module } from '@nestjs/common';
import { ApiModule } from '../api/api.module.js';
import { ChatController } from './chat.controller.js';
import { ChatService } from './chat.service.js';

@Module({ imports: [ApiModule], controllers: [ChatController], providers: [ChatService] })
export class ChatModule {}
