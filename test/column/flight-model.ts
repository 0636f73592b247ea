/** What flights must do, told in the plainest way: who waits for which call, and what becomes of him. */

export interface ModelCaller {
  readonly key: string;
  readonly documents: readonly string[];
  readonly deadline: number;
  readonly urgency: number;
  /** Calls that have not landed yet. */
  readonly waitsFor: Set<ModelCall>;
  /** Those of them that wait for their turn, as far as it has been told. */
  readonly queuedIn: Set<ModelCall>;
  readonly sources: Map<string, 'upstream' | 'joined'>;
  units: number;
  /** `answered`, or the kind of the error; undefined while it waits. */
  outcome: string | undefined;
}

export interface ModelCall {
  readonly key: string;
  readonly documents: readonly string[];
  readonly cause: ModelCaller;
  /** Who waits for it, in order of arrival. */
  readonly members: Set<ModelCaller>;
  state: 'under way' | 'over' | 'cancelled';
  expectedAnswer: number | undefined;
}

export class FlightModel {
  readonly callers: ModelCaller[] = [];
  /** Every call that was ever made, in order. */
  readonly calls: ModelCall[] = [];

  /** @param key undefined: shares with nobody */
  ask(
    key: string | undefined,
    documents: readonly string[],
    { deadline, urgency, now }: { deadline: number; urgency: number; now: number },
  ): void {
    const caller: ModelCaller = {
      key: key ?? `alone ${this.callers.length}`,
      documents,
      deadline,
      urgency,
      waitsFor: new Set(),
      queuedIn: new Set(),
      sources: new Map(),
      units: 0,
      outcome: undefined,
    };
    this.callers.push(caller);
    const joined = this.underWay(caller.key).filter((call) =>
      call.documents.some((each) => documents.includes(each)),
    );
    if (joined.some(({ expectedAnswer = 0 }) => expectedAnswer > deadline)) {
      caller.outcome = 'wait_too_long';
      return;
    }
    const rest = documents.filter((each) => !joined.some((call) => call.documents.includes(each)));
    const own = rest.length === 0 ? [] : [this.#begin(caller, rest)];
    for (const call of [...joined, ...own]) {
      call.members.add(caller);
      caller.waitsFor.add(call);
      if ((call.expectedAnswer ?? now) > now) caller.queuedIn.add(call);
      for (const document of call.documents) {
        caller.sources.set(document, call.cause === caller ? 'upstream' : 'joined');
      }
    }
  }

  underWay(key: string): ModelCall[] {
    return this.calls.filter((call) => call.key === key && call.state === 'under way');
  }

  answer(call: ModelCall, units: number): void {
    if (call.state !== 'under way') return;
    call.state = 'over';
    for (const [i, member] of [...call.members].entries()) {
      if (i === 0) member.units += units;
      member.waitsFor.delete(call);
      member.queuedIn.delete(call);
      if (member.waitsFor.size === 0) member.outcome = 'answered';
    }
    call.members.clear();
  }

  fail(call: ModelCall, kind: string): void {
    if (call.state !== 'under way') return;
    call.state = 'over';
    for (const member of [...call.members]) this.dismiss(member, kind);
  }

  expect(call: ModelCall, answerAt: number, now: number): void {
    if (call.state !== 'under way') return;
    call.expectedAnswer = answerAt;
    for (const member of [...call.members]) {
      member.queuedIn[answerAt > now ? 'add' : 'delete'](call);
      if (answerAt > member.deadline) this.dismiss(member, 'wait_too_long');
    }
  }

  tick(now: number): void {
    for (const caller of this.callers) {
      if (caller.deadline > now) continue;
      this.dismiss(caller, caller.queuedIn.size > 0 ? 'wait_too_long' : 'deadline');
    }
  }

  dismiss(caller: ModelCaller, kind: string): void {
    if (caller.outcome !== undefined) return;
    caller.outcome = kind;
    for (const call of caller.waitsFor) {
      call.members.delete(caller);
      if (call.members.size === 0 && call.state === 'under way') call.state = 'cancelled';
    }
    caller.waitsFor.clear();
  }

  #begin(cause: ModelCaller, documents: readonly string[]): ModelCall {
    const call: ModelCall = {
      key: cause.key,
      documents,
      cause,
      members: new Set(),
      state: 'under way',
      expectedAnswer: undefined,
    };
    this.calls.push(call);
    return call;
  }
}
