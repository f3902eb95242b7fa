// What can go wrong, in words: every failure says what happened and what to do. No page, no network.

/** A failure that its reader can understand. `kind` is one of the keys of REMEDIES. */
export class Failure extends Error {
  constructor(kind, sentence, cause) {
    super(sentence, { cause });
    this.kind = kind;
  }

  get remedy() {
    return REMEDIES[this.kind];
  }
}

const REMEDIES = {
  'signed-out': 'Sign in again; you will come back to this page.',
  forbidden: 'If you believe this is a mistake, say which page you were on and with which account.',
  network: 'Check your connection, then try again.',
  busy: 'Wait a minute, then try again.',
  browser: 'Use a current version of Chrome, Edge, Firefox or Safari, with hardware acceleration switched on.',
  missing: 'Check the link, or look for the study in the list.',
  blocked: 'Send this sentence to whoever prepares slides here: it says what has to be corrected.',
  config: 'This is a fault of the installation. Tell whoever runs this viewer what you read here.',
};

/** The Failure that an error of a DICOMweb request means. `server` is the config's entry for the store. */
export function fromRequest(error, server) {
  const told = server.errorMessages?.find((entry) => entry.status === error.status);
  if (told) return new Failure(error.status === 403 ? 'forbidden' : 'busy', told.message, error);
  switch (error.status) {
    case 401:
      return new Failure('signed-out', 'The store no longer accepts your sign-in.', error);
    case 403:
      return new Failure('forbidden', `You may not read “${server.id}”, or there is no such store.`, error);
    case 404:
      return new Failure('missing', `“${server.id}” does not have what this page asked for.`, error);
    case 429:
      return new Failure('busy', 'The store has had too many requests and refuses more for now.', error);
    case 0:
      return new Failure('network', 'The DICOM store could not be reached.', error);
    case undefined:
      return new Failure('config', `Something unexpected happened: ${error.message}`, error);
    default:
      return new Failure('busy', `The store answered with status ${error.status}.`, error);
  }
}
