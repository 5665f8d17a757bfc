package io.lb4j.jmh;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/** What all loops written by hand have in common: an array of instances, and how a call is counted. */
abstract class Floor implements Contender {
    final Load load;
    final Node[] nodes;
    private final boolean timed;

    Floor(Load load, boolean timed) {
        this.load = load;
        this.timed = timed;
        nodes = Arrays.stream(load.inFlight()).mapToObj(Node::new).toArray(Node[]::new);
    }

    abstract Node choose(int n);

    @Override
    public final Object pick(int n) {
        return choose(n);
    }

    @Override
    public final Object call(int n) {
        Node node = choose(n);
        node.start();
        started();
        if (timed) {
            long start = System.nanoTime();
            long now = System.nanoTime();
            node.took(now - start, now);
        }
        node.end();
        ended();
        return node;
    }

    /** What else a policy must count. */
    void started() {}

    void ended() {}

    final long hash(int n) {
        return load.request(n).hash();
    }

    /** An instance: a count of calls in flight, and a latency where the policy needs one. */
    static final class Node {
        private static final double FADING = 1e-9;
        private static final VarHandle IN_FLIGHT;

        static {
            try {
                IN_FLIGHT = MethodHandles.lookup().findVarHandle(Node.class, "inFlight", int.class);
            } catch (ReflectiveOperationException e) {
                throw new ExceptionInInitializerError(e);
            }
        }

        volatile int inFlight;
        private volatile double latency = 1;
        private volatile long measured;

        Node(int inFlight) {
            this.inFlight = inFlight;
        }

        int start() {
            return (int) IN_FLIGHT.getAndAdd(this, 1);
        }

        int end() {
            return (int) IN_FLIGHT.getAndAdd(this, -1);
        }

        void took(long nanos, long now) {
            double before = latency;
            latency = before + 0.1 * (nanos - before);
            measured = now;
        }

        /** Linear in time since the last sample, which is the least that an average which fades can cost. */
        double cost(long now) {
            return (latency - (now - measured) * FADING) * (inFlight + 1);
        }
    }

    /** Two numbers below a bound out of one draw. */
    static final class Bits {
        static int high(long bits, int bound) {
            return (int) (((bits >>> 32) * bound) >>> 32);
        }

        static int low(long bits, int bound) {
            return (int) (((bits & 0xffff_ffffL) * bound) >>> 32);
        }
    }
}
