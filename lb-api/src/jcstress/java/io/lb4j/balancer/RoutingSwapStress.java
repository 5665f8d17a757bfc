package io.lb4j.balancer;

import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.ServiceInstance;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * The lane swaps a routing of three for one of a single instance, which has another index there, while a caller picks:
 * the caller gets that instance by either routing, never an index outside an array, and no fault is reported.
 */
@JCStressTest
@Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "picked by either routing, no fault")
@Outcome(expect = Expect.FORBIDDEN, desc = "a fault, a stranger or an exception")
@State
public class RoutingSwapStress {
    private final InstanceState a = new InstanceState(ServiceInstance.of("a", 1));
    private final InstanceState b = new InstanceState(ServiceInstance.of("b", 1));
    private final InstanceState c = new InstanceState(ServiceInstance.of("c", 1));
    private final Outlook outlook = new Outlook("orders", "nowhere", () -> 0, new SplittableRandom(2));
    private volatile int faults;

    public RoutingSwapStress() {
        publish(a, b, c);
    }

    private void publish(InstanceState... candidates) {
        for (int i = 0; i < candidates.length; i++) {
            candidates[i].index = i;
        }
        double[] weights = new double[candidates.length];
        Picker last = request -> candidates[candidates.length - 1];
        List<Verdict.Level> levels = List.of(new Verdict.Level(0, 100, false, candidates, candidates, weights));
        Routing routing = new Routing(
                candidates,
                candidates.length,
                levels,
                new InstanceState[0],
                null,
                null,
                last,
                new SplittableRandom(1),
                new StrategyFaults(error -> faults = 1));
        outlook.publish(
                new Outlook.View(
                        routing,
                        null,
                        new Verdict(
                                candidates,
                                new Standing[0],
                                weights,
                                levels,
                                new InstanceState[0],
                                new Trial[0],
                                false,
                                null,
                                false),
                        null),
                Map.of(),
                false);
    }

    @Actor
    public void lane() {
        publish(c);
    }

    @Actor
    public void caller(II_Result r) {
        try {
            r.r1 = outlook.routing().pick(PickRequest.plain()) == c ? 1 : -1;
        } catch (RuntimeException e) {
            r.r1 = -2;
        }
        r.r2 = faults;
    }
}
