package io.lb4j.balancer;

/** Failures in a row as one number, their kind and how many: what callers note for the lane, the greatest last. */
final class Run {
    /** Where the run of failures of an instance on probation starts: beyond any threshold. */
    static final long PROBATION = 1L << 40;

    private static final int LENGTH_BITS = 48;
    private static final long GATEWAY = 1L << LENGTH_BITS;
    private static final long LOCAL = 2L << LENGTH_BITS;

    private Run() {}

    static long ofFailures(long length) {
        return length;
    }

    static long ofGatewayFailures(long length) {
        return GATEWAY + length;
    }

    static long ofLocalFailures(long length) {
        return LOCAL + length;
    }

    static long length(long run) {
        return run & (GATEWAY - 1);
    }

    static boolean isLocal(long run) {
        return run >= LOCAL;
    }

    static boolean isGateway(long run) {
        return run >= GATEWAY && run < LOCAL;
    }

    static String describe(long run) {
        return length(run) + " calls in a row "
                + (isLocal(run) ? "got no answer" : isGateway(run) ? "failed as at a gateway" : "failed");
    }
}
