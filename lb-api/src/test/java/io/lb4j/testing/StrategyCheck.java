package io.lb4j.testing;

/**
 * What a {@link StrategyVerifier} asks of a strategy, from the simple to the subtle: who fails an early one need not
 * look at the later ones.
 */
public enum StrategyCheck {
    /** A single instance gets every call, further attempts included, and a set may shrink to one and grow again. */
    ONE_INSTANCE("a single instance gets every call"),

    /** Weights may be as far apart as from 1e-6 to 1e6, and instances as many as 1,000. */
    ANY_SET("weights from 1e-6 to 1e6 and sets of up to 1,000 instances are served"),

    /**
     * Instances come, go, drain, fail, are ejected, ask for rest and return, on two priority levels: a pick is always
     * one of the candidates the picker was made with, never null, and nothing throws.
     */
    ONLY_CANDIDATES("a pick is one of the candidates the picker was made with"),

    /** The attempts of one call reach every instance once, and when all have been tried there is still a pick. */
    FURTHER_ATTEMPTS("the attempts of one call reach every instance once"),

    /** The same seed and the same events give the same picks: time and randomness are the balancer's. */
    REPEATABLE("the same seed and the same events give the same picks"),

    /** A strategy object that serves two services treats each as if it had that one alone. */
    SERVICES_APART("a service is served as if the strategy object had no other"),

    /** Idle instances get the shares that are claimed; only for strategies that claim any. */
    SHARES("idle instances get the shares that are claimed"),

    /** A strategy goes on where it was when a snapshot has a new picker made, and makes no new state for each. */
    STATE_KEPT("what a strategy remembers survives snapshots"),

    /**
     * However calls end (once, twice, cancelled, tried again), afterwards none is in flight, nothing of what they left
     * behind shows in the shares, and explaining a pick counts as no call.
     */
    COUNTS_RETURN("after all calls have ended, instances are idle again"),

    /**
     * A key's calls go to the same instance, in every process and whatever the order discovery lists instances in,
     * further attempts included, and no instance is without keys; only for strategies that keep keys.
     */
    KEYS_STAY("a key has the same instance everywhere, as long as nothing changes"),

    /**
     * When an instance goes or drains, its keys move and those of others don't (but for the strays that are claimed);
     * when it is back, so are they. Only for strategies that keep keys.
     */
    KEYS_RETURN("a gone instance moves its own keys only, and they return with it"),

    /** Threads call while snapshots change: nothing fails, no call is lost from the counts. */
    THREADS("threads may call while snapshots change"),

    /** Picks and trackers make no garbage, once compiled. Passes, with a note in the log, where the JVM can't tell. */
    NO_GARBAGE("picks and trackers make no garbage");

    private final String asked;

    StrategyCheck(String asked) {
        this.asked = asked;
    }

    String asked() {
        return asked;
    }

    boolean appliesTo(Given given) {
        return switch (this) {
            case SHARES -> given.claimsShares();
            case KEYS_STAY, KEYS_RETURN -> given.claimsKeys();
            default -> true;
        };
    }

    /** Throws an AssertionError that says what was seen, if the strategy does not do as it should. */
    void run(Given given) throws Exception {
        switch (this) {
            case ONE_INSTANCE -> CandidateChecks.oneInstance(given);
            case ANY_SET -> CandidateChecks.anySet(given);
            case ONLY_CANDIDATES -> CandidateChecks.onlyCandidates(given);
            case FURTHER_ATTEMPTS -> CandidateChecks.furtherAttempts(given);
            case REPEATABLE -> SeparationChecks.repeatable(given);
            case SERVICES_APART -> SeparationChecks.servicesApart(given);
            case SHARES -> ShareChecks.shares(given);
            case STATE_KEPT -> StateChecks.stateKept(given);
            case COUNTS_RETURN -> ShareChecks.countsReturn(given);
            case KEYS_STAY -> KeyChecks.keysStay(given);
            case KEYS_RETURN -> KeyChecks.keysReturn(given);
            case THREADS -> ThreadChecks.threads(given);
            case NO_GARBAGE -> GarbageChecks.noGarbage(given);
        }
    }
}
