package io.lb4j.balancer;

import io.lb4j.Outcome;
import io.lb4j.ServiceInstance;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZI_Result;

/** Two threads close one lease: one close counts, and the call is no longer in flight. */
@JCStressTest
@org.openjdk.jcstress.annotations.Outcome(
        id = {"true, false, 0", "false, true, 0"},
        expect = Expect.ACCEPTABLE,
        desc = "one close counted")
@org.openjdk.jcstress.annotations.Outcome(expect = Expect.FORBIDDEN, desc = "none or both counted")
@State
public class LeaseCloseStress {
    private final InstanceState state = new InstanceState(ServiceInstance.of("h", 1));
    private final Lease lease = new Lease(Idle.LEASES, state, null);

    @Actor
    public void one(ZZI_Result r) {
        r.r1 = lease.close(Outcome.SUCCESS);
    }

    @Actor
    public void other(ZZI_Result r) {
        r.r2 = lease.close(Outcome.SUCCESS);
    }

    @Arbiter
    public void after(ZZI_Result r) {
        r.r3 = state.inFlight();
    }
}
