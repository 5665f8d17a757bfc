package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.LoadReport;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.balancer.Lease;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@link Adaptive} keeps, under Lincheck's model checker: its writers take no lock and lose what they lose. */
@Tag("lincheck")
@Timeout(value = 4, unit = TimeUnit.MINUTES) // seconds of work, but on a busy machine they stretch
final class AdaptiveLincheckTest {
    @ParameterizedTest
    @ValueSource(classes = {Learning.class, Changing.class})
    void part_underEveryInterleaving_keepsItsPromise(Class<?> part) {
        new ModelCheckingOptions()
                // By default an order that takes ten seconds hangs, which on a busy machine it need not.
                .invocationTimeout$lincheck(TimeUnit.MINUTES.toMillis(2))
                .loopBound(1_000)
                .iterations(2)
                .invocationsPerIteration(20)
                .threads(2)
                .actorsPerThread(2)
                .actorsBefore(1)
                .actorsAfter(1)
                .minimizeFailedScenario(false)
                .check(part);
    }

    private static void check(boolean ok, String what) {
        if (!ok) {
            throw new IllegalStateException(what);
        }
    }

    /**
     * Calls that start and end on one of two instances, well and badly, and reports. Whatever is lost: estimates stay
     * within bounds, no call is late that has ended, and what was bad is forgotten.
     */
    public static final class Learning {
        private final Rig rig = new Rig(new Adaptive(), 1);
        private final Queue<Lease> held = new ConcurrentLinkedQueue<>();
        private final Experience[] known = new Experience[2];

        /** Lincheck makes it, for each order anew. */
        public Learning() {
            rig.set(1, 1);
            Adaptive strategy = (Adaptive) rig.strategy;
            for (int i = 0; i < known.length; i++) {
                known[i] = strategy.known(rig.eligible.get(i));
            }
            for (int i = 0; i < 3; i++) {
                start();
                rig.time.advance(Duration.ofMillis(10));
            }
        }

        @Operation
        public void start() {
            held.add(rig.balancer.acquire(PickRequest.plain()));
        }

        @Operation
        public void succeed() {
            end(Outcome.SUCCESS);
        }

        @Operation
        public void fail() {
            end(Outcome.SERVER_ERROR);
        }

        @Operation
        public void reject() {
            end(Outcome.CLIENT_ERROR);
        }

        private void end(Outcome outcome) {
            Lease lease = held.poll();
            if (lease != null) {
                lease.close(outcome);
            }
        }

        @Operation
        public void report() {
            Lease lease = held.peek();
            if (lease != null) {
                lease.report(LoadReport.builder().inFlight(5).build());
            }
        }

        @Validate
        public void isInBounds() {
            while (!held.isEmpty()) {
                succeed();
            }
            long now = rig.time.nanos() + TimeUnit.MILLISECONDS.toNanos(50);
            for (Experience each : known) {
                check(each.age(now) == 0, "a call that ended goes on for " + each.age(now));
                double load = each.load(each.others(1, now), now);
                check(load > 0 && load < 1000, "load " + load);
                check(each.norm.trust() >= 0 && each.norm.trust() <= 1, "trust " + each.norm.trust());
                long later = now + TimeUnit.MINUTES.toNanos(5);
                double left = each.load(0, later);
                check(Math.abs(left - 1) < 1e-6, "load " + left + " when all is forgotten");
            }
        }
    }

    /** Instances come and go while calls start and end: a picker picks what it was made of, and none that is gone. */
    public static final class Changing {
        private static final int MANY = Adaptive.ALL + 3;

        private final Rig rig = new Rig(new Adaptive(), 1);

        /** Lincheck makes it, for each order anew. */
        public Changing() {
            rig.set(Rig.equal(MANY));
            for (int i = 0; i < Norm.RECENT; i++) {
                call();
            }
        }

        @Operation
        public void call() {
            rig.balancer.acquire(PickRequest.plain()).close(Outcome.SUCCESS);
        }

        /** The first few go, so that the others have other places. */
        @Operation(nonParallelGroup = "lane")
        public void shrink() {
            rig.set(Rig.instances(Rig.equal(MANY)).subList(2, MANY));
        }

        @Operation(nonParallelGroup = "lane")
        public void grow() {
            rig.set(Rig.equal(MANY));
        }

        @Validate
        public void picksMembers() {
            rig.set(Rig.instances(Rig.equal(MANY)).subList(2, MANY));
            check(rig.faults.isEmpty(), "faults " + rig.faults);
            for (int i = 0; i < 2 * MANY; i++) {
                Candidate picked = rig.picker.pick(PickRequest.plain());
                int index = Rig.index(picked.instance());
                check(index >= 2 && index < MANY, "picked the instance " + index + ", which is gone");
            }
        }
    }
}
