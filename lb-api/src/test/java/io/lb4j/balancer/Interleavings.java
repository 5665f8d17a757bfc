package io.lb4j.balancer;

import java.util.concurrent.TimeUnit;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;

/** How Lincheck's model checker is asked for the orders in which threads can interleave. */
final class Interleavings {
    private Interleavings() {}

    /** Two threads, two operations each, and one before and after. */
    static void explore(Class<?> part) {
        options().check(part);
    }

    /** The same, but fewer of them: for parts that are so big that an order takes long. */
    static void exploreBig(Class<?> part) {
        options().iterations(2).invocationsPerIteration(30).check(part);
    }

    /** Three threads, one operation each. */
    static void exploreThree(Class<?> part) {
        options().threads(3).actorsPerThread(1).check(part);
    }

    private static ModelCheckingOptions options() {
        return new ModelCheckingOptions()
                // By default an order that takes ten seconds hangs, which on a busy machine it need not.
                .invocationTimeout$lincheck(TimeUnit.MINUTES.toMillis(2))
                // By default a loop of 51 rounds hangs, if it writes: and so each does while coverage is measured.
                .loopBound(1_000)
                .iterations(3)
                .invocationsPerIteration(60)
                .threads(2)
                .actorsPerThread(2)
                .actorsBefore(1)
                .actorsAfter(1)
                .minimizeFailedScenario(false);
    }

    static void check(boolean ok, String what) {
        if (!ok) {
            throw new IllegalStateException(what);
        }
    }
}
