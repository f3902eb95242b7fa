// Colour profiles that the metadata only refers to: the engine reads them, and what passes by is compared. No request of its own.

import { items } from './dicom.js';

/** `told` gets what is known of the profiles of `slide`, by link, each time that one more has come. */
export function watchProfiles(client, slide, told) {
  const links = new Set(slide.pyramid.flatMap((image) => items(image, 'OpticalPathSequence'))
    .map((path) => path['00282000']?.BulkDataURI));
  const profiles = new Map();
  client.onBulkData = async (link, bytes) => {
    if (!links.has(link)) return;
    const digest = await crypto.subtle.digest('SHA-256', bytes);
    profiles.set(link, new Uint8Array(digest).join());
    told(profiles);
  };
  return () => { client.onBulkData = () => {}; };
}
