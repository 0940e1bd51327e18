import { describe, expect, test } from '@jest/globals';
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import { callAgainWhileClosing } from '../../src/temporal/closing.ts';

const NEXT_RUN = 'taken by the next run';

/** Answers with each of the errors in turn, and then well. */
function failing(...errors: Error[]): () => Promise<string> {
  return async () => {
    const error = errors.shift();
    if (error) throw error;
    return NEXT_RUN;
  };
}

const grpc = (code: number) => Object.assign(new Error('a gRPC error'), { code });

describe('a call to a workflow', () => {
  test.each([
    ['is not there', new WorkflowNotFoundError('closed', 'w', 'r')],
    ['is there already, seen between a run and the next one', new WorkflowExecutionAlreadyStartedError('', 'w', 't')],
    ['was not found', grpc(5)],
    ['was closing', grpc(10)],
  ])('whose run %s is made once more', async (_, error) => {
    expect(await callAgainWhileClosing(failing(error))).toBe(NEXT_RUN);
    await expect(callAgainWhileClosing(failing(error, error))).rejects.toBe(error);
  });

  test('that failed for another reason is not made again', async () => {
    const unavailable = grpc(14);
    await expect(callAgainWhileClosing(failing(unavailable))).rejects.toBe(unavailable);
  });
});
