import { Serving } from './serving.js';
import { type Settings, settingsFrom } from './settings.js';
import { StandIn } from './stand-in/stand-in.js';
import { takeTour } from './tour/take-tour.js';

const EXAMPLE = `-H 'content-type: application/json' -d '{"prompt": "Why is the sky blue?"}'`;

async function main(): Promise<void> {
  const named = settingsFrom(process.env);
  const standIn = named === undefined ? await StandIn.start() : undefined;
  const settings = named ?? standIn!.settings;
  console.log(introduction(settings, standIn));
  if (process.argv.includes('--tour')) {
    try {
      await takeTour(settings, standIn);
    } finally {
      standIn?.stop();
    }
  } else {
    const { origin } = await Serving.start(settings, Number(process.env['PORT'] ?? 3000));
    console.log(`\nServing on ${origin}; stop with Ctrl+C. Try it twice:\n\n  curl -i ${origin}/chat ${EXAMPLE}\n`);
  }
}

function introduction({ api, model }: Settings, standIn: StandIn | undefined): string {
  if (standIn === undefined) return `\nAnswers come from ${api}, by ${model}\n`;
  return (
    '\nOPENAI_BASE_URL is not set: answers come from a STAND-IN, a small local server that speaks the same protocol and\n' +
    `understands nothing. It listens on ${standIn.origin}; its prices are made up.\n`
  );
}

main().catch((error: Error) => {
  console.error(`\n${error.message}`);
  process.exit(1);
});
