// What can go wrong, in words: every failure says what happened and what to do. No page, no network.

/** Kind → title, and what to do. */
const KINDS = {
  'signed-out': ['You are not signed in', 'Sign in again; you will come back to this page.'],
  forbidden: ['No access', 'If you believe this is a mistake, say which page you were on and with which account.'],
  network: ['No connection', 'Check your connection, then try again.'],
  busy: ['The store is busy', 'Wait a minute, then try again.'],
  browser: ['This browser cannot show slides', 'Use a current one, with hardware acceleration switched on.'],
  missing: ['Not found', 'Check the link, or look for the study in the list.'],
  unready: ['This slide is not ready', 'Wait a minute, then try again; if it lasts, ask whoever prepares slides here.'],
  blocked: ['This slide cannot be shown yet',
    'Send this sentence to whoever prepares slides here: it says what has to be corrected.'],
  config: ['The viewer is not set up correctly',
    'This is a fault of the installation. Tell whoever runs this viewer what you read here.'],
  unexpected: ['Something unexpected happened',
    'Try again, with a current version of your browser. If it stays, tell whoever runs this viewer what you read.'],
};

/** A failure that its reader can understand; `title` and `remedy` follow from the kind. */
export class Failure extends Error {
  constructor(kind, sentence, cause) {
    super(sentence, { cause });
    this.kind = kind;
    [this.title, this.remedy] = KINDS[kind];
  }
}

/** Any error as a Failure: what nobody foresaw may be an old browser's as well as a fault of this page. */
export const asFailure = (error) => (error.remedy ? error : new Failure('unexpected', error.message, error));

/** The Failure that an error of a DICOMweb request means. `server` is the config's entry for the store. */
export function fromRequest(error, server) {
  if (error.status === undefined) return asFailure(error);
  const [kind, sentence] = {
    0: ['network', 'The DICOM store could not be reached.'],
    400: ['missing', 'The store does not understand what this page asked for.'],
    401: ['signed-out', 'The store no longer accepts your sign-in.'],
    403: ['forbidden', `You may not read “${server.id}”, or there is no such store.`],
    404: ['missing', `“${server.id}” does not have what this page asked for.`],
    429: ['busy', 'The store has had too many requests and refuses more for now.'],
  }[error.status] ?? ['busy', `The store answered with status ${error.status}.`];
  const configured = server.errorMessages?.find((entry) => entry.status === error.status);
  return new Failure(kind, configured?.message ?? sentence, error);
}
