package io.lb4j.balancer;

import static io.lb4j.balancer.Interleavings.check;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.ServiceInstance;
import io.lb4j.health.OutlierDetection;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Calls, ejections and snapshots under Lincheck's model checker, each on a thread of its own. */
@Tag("lincheck")
@Timeout(value = 4, unit = TimeUnit.MINUTES) // seconds of work, but on a busy machine they stretch
final class RoutingLincheckTest {
    @Test
    void ejectionsSnapshotsAndPicks_underEveryInterleaving_agree() {
        Interleavings.exploreBig(Ejecting.class);
    }

    /**
     * Of three instances the first is ejected by one failure, while discovery weighs it anew or drops it and takes it
     * back. A call goes to somebody whom its picker was made with, and none that begins after the ejection was seen to
     * the ejected one, whatever discovery says.
     */
    public static final class Ejecting {
        private static final List<ServiceInstance> ALL = Rig.instances(3);
        private static final OutlierDetection AT_ONCE = OutlierDetection.builder()
                .consecutiveFailures(1)
                .significance(1)
                .maxEjectedShare(1)
                .build();

        private final Rig rig = new Rig();
        private final LoadBalancer balancer = rig.builder()
                .strategy(FirstOf::new)
                .outlierDetection(AT_ONCE)
                .panicThreshold(0)
                .build();

        /** Set once the ejection was published. */
        private volatile boolean ejected;

        /** Lincheck makes it, for each order anew. */
        public Ejecting() {
            rig.set(ALL);
        }

        /** Takes the first, and must never be asked by a routing with other candidates. */
        private static final class FirstOf implements Picker {
            private final List<Candidate> made = new ArrayList<>();

            FirstOf(Eligible eligible) {
                for (int i = 0; i < eligible.size(); i++) {
                    made.add(eligible.get(i));
                }
            }

            @Override
            public Candidate pick(PickRequest request) {
                return made.get(0);
            }
        }

        @Operation
        public void call() {
            boolean before = ejected;
            Lease lease = balancer.acquire(PickRequest.plain());
            boolean first = lease.instance().id().equals("a");
            lease.close(first ? Outcome.CONNECT_FAILURE : Outcome.SUCCESS);
            check(!first || !before, "a call went to the ejected instance");
        }

        @Operation
        public void weigh() {
            List<ServiceInstance> next = new ArrayList<>(ALL);
            next.set(0, ALL.get(0).toBuilder().weight(2).build());
            rig.discovery.set("orders", next);
        }

        @Operation
        public void dropAndTakeBack() {
            rig.discovery.set("orders", ALL.subList(1, 3));
            rig.discovery.set("orders", ALL);
        }

        /** The lane, on the one thread that may run what is due. */
        @Operation(nonParallelGroup = "lane")
        public void work() {
            rig.time.runDue();
            InstanceReport first = balancer.instance("a");
            ejected |= first != null && first.state() == InstanceReport.State.EJECTED;
        }

        @Validate
        public void staysOut() {
            work();
            check(rig.events.errors.isEmpty(), "errors " + rig.events.errors);
            if (ejected) {
                InstanceReport first = balancer.instance("a");
                check(first != null && first.state() == InstanceReport.State.EJECTED, "came back: " + first);
            }
            for (InstanceReport each : balancer.instances()) {
                check(each.inFlight() == 0, "in flight " + each);
            }
        }
    }
}
