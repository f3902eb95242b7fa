// Stands before the engine's decoder worker. A tile that cannot be decoded is an unhandled rejection there: the worker
// is never given another tile, and the page never hears of it. This gives the answer that the engine forgets.
{
  let current;
  self.addEventListener('message', ({ data }) => { current = data; });
  self.addEventListener('unhandledrejection', (event) => {
    if (current?.taskType !== 'decodeAndTransformTask') return;
    event.preventDefault();
    const { taskType, workerIndex } = current;
    self.postMessage({ taskType, workerIndex, status: 'failed', result: new Error(String(event.reason?.message)) });
  });
}
