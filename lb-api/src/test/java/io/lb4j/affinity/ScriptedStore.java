package io.lb4j.affinity;

import io.lb4j.testing.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A store that works, until a test says how it doesn't. */
final class ScriptedStore implements AffinityStore {
    final InMemoryAffinityStore memory;
    final List<CompletableFuture<Claim>> held = new ArrayList<>();
    final List<Listener> listeners = new ArrayList<>();
    int asked;
    int watches;
    private @Nullable Supplier<CompletionStage<Claim>> instead;
    private boolean holding;

    ScriptedStore(VirtualTime time) {
        this.memory = new InMemoryAffinityStore(1_000, Duration.ofHours(1), time);
    }

    /** Answers all further questions like this; null has it work again. */
    void instead(@Nullable Supplier<CompletionStage<Claim>> answer) {
        instead = answer;
    }

    void failing(Throwable error) {
        instead(() -> CompletableFuture.failedFuture(error));
    }

    /** Works, but keeps its answers until {@link #release}. */
    void hold() {
        holding = true;
    }

    void release() {
        holding = false;
        List<CompletableFuture<Claim>> all = List.copyOf(held);
        held.clear();
        all.forEach(each -> each.complete(null));
    }

    @Override
    public CompletionStage<Claim> claim(String service, long key, String instance, @Nullable Claim lost) {
        asked++;
        Supplier<CompletionStage<Claim>> answer = instead;
        if (answer != null) {
            return answer.get();
        }
        CompletionStage<Claim> claim = memory.claim(service, key, instance, lost);
        if (!holding) {
            return claim;
        }
        CompletableFuture<Claim> gate = new CompletableFuture<>();
        held.add(gate);
        return gate.thenCompose(unused -> claim);
    }

    @Override
    public Watch watch(String service, Listener listener) {
        AtomicBoolean open = new AtomicBoolean(true);
        watches++;
        listeners.add(listener);
        Watch own = memory.watch(service, listener);
        return () -> {
            if (open.getAndSet(false)) {
                watches--;
            }
            own.close();
        };
    }

    @Override
    public void close() {}

    @Override
    public String toString() {
        return "scripted store";
    }
}
