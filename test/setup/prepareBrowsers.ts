/**
 * Runs once before the tests under test/page. It builds the page, which test files that start at the same time would each
 * build, and asks the machine's Firefox, where there is one, for WebGPU: releases have it switched off on some platforms,
 * which says nothing about nudge.
 */
import type { TestProject } from 'vitest/node';

import { NoAdapterError } from '../../src/errors.ts';
import { findBrowsers } from '../../src/node/browser.ts';
import { openBrowserSession } from '../../src/node/browserSession.ts';
import { providePage } from '../../src/node/pageFolder.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Why the tests in Firefox are left out; empty where it is fit for them, and where there is none. */
    firefoxRefusal: string;
  }
}

export default async function prepareBrowsers(project: TestProject): Promise<void> {
  const [refusal] = await Promise.all([findRefusal(), providePage()]);
  project.provide('firefoxRefusal', refusal);
}

async function findRefusal(): Promise<string> {
  for await (const { executablePath } of findBrowsers('firefox')) {
    try {
      const session = await openBrowserSession({ browser: executablePath });
      await session.close();
    } catch (error) {
      if (!(error instanceof NoAdapterError)) throw error;
      return error.message;
    }
    break;
  }
  return '';
}
