package io.lb4j.balancer;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.Outcome;
import io.lb4j.ServiceInstance;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.junit.jupiter.api.Test;

final class InstanceStateTest {
    private final InstanceState state =
            new InstanceState(ServiceInstance.builder("10.0.0.1", 80).build());

    @Test
    void calls_startedAndEnded_inFlightIsTheDifference() {
        state.started();
        state.started();
        state.started();
        state.succeeded();
        state.ended(Outcome.TIMEOUT);
        state.ended(Outcome.IGNORED);
        state.started();
        assertThat(state.inFlight()).isOne();
        assertThat(state.endedCount()).isEqualTo(3);
        assertThat(state.failedCount()).isOne();
        assertThat(state.ignoredCount()).isOne();
    }

    @Test
    void carry_halfOfTheRoomUsed_countsStay() throws ReflectiveOperationException {
        long almost = (1L << 39) - 1;
        calls().setVolatile(state, almost << 24);
        state.started();
        state.started();
        state.carry();
        assertThat(state.inFlight()).isEqualTo(2);
        assertThat(state.endedCount()).isEqualTo(almost);
        state.succeeded();
        state.carry();
        assertThat(state.endedCount()).isEqualTo(almost + 1);
        assertThat(state.inFlight()).isOne();
        assertThat((long) calls().getVolatile(state)).isPositive();
    }

    private static VarHandle calls() throws ReflectiveOperationException {
        return MethodHandles.privateLookupIn(InstanceState.class, MethodHandles.lookup())
                .findVarHandle(InstanceState.class, "calls", long.class);
    }
}
