/** What the script was started with. */
export const settings = JSON.parse(process.env.BLOSSOM_SETTINGS);

/** Answers the questions of the process that started this one; ends with it. */
export function serve(functions) {
  process.on('message', async ({ id, question, about }) => {
    try {
      process.send({ id, result: await functions[question](about) });
    } catch (error) {
      process.send({ id, error: error.stack });
    }
  });
  process.on('disconnect', () => process.exit());
  process.send('ready');
}
