package io.lb4j.retry;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Both budgets of a hedge under Lincheck's model checker. */
@Tag("lincheck")
@Timeout(value = 4, unit = TimeUnit.MINUTES) // seconds of work, but on a busy machine they stretch
final class HedgingLincheckTest {
    @Test
    void hedges_underEveryInterleaving_takeARetryEach_andNoMoreThanTheirShare() {
        new ModelCheckingOptions()
                .iterations(3)
                .invocationsPerIteration(100)
                .threads(2)
                .actorsPerThread(2)
                .actorsBefore(1)
                .actorsAfter(1)
                .minimizeFailedScenario(false)
                .check(BothBudgets.class);
    }

    /** A hedge for each second call, one at a time, and retries enough: a hedge that isn't sent costs no retry. */
    public static final class BothBudgets {
        private static final int RETRIES = 20;

        private final RetryBudget retries = new RetryBudget(10, 0, () -> 0);
        private final Hedging hedging =
                new Hedging(HedgePolicy.builder().maxExtraLoad(0.5).maxBurst(1).build(), retries, () -> 0);
        private final AtomicInteger calls = new AtomicInteger(2);
        private final AtomicInteger hedges = new AtomicInteger();

        /** Lincheck makes it, for each order anew. */
        public BothBudgets() {
            for (int i = 0; i < 2; i++) {
                retries.onSuccess();
                hedging.onCall();
            }
        }

        @Operation
        public void call() {
            calls.incrementAndGet();
            hedging.onCall();
        }

        @Operation
        public void hedge() {
            if (hedging.tryHedge()) {
                hedges.incrementAndGet();
            }
        }

        @Validate
        public void eachHedgeTookOneRetry() {
            check(hedges.get() <= calls.get() / 2, hedges + " hedges of " + calls + " calls");
            int left = 0;
            while (retries.tryRetry()) {
                left++;
            }
            check(left == RETRIES - hedges.get(), left + " retries left after " + hedges + " hedges");
        }

        private static void check(boolean ok, String what) {
            if (!ok) {
                throw new IllegalStateException(what);
            }
        }
    }
}
