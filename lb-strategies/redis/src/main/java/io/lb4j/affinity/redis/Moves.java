package io.lb4j.affinity.redis;

import io.lb4j.affinity.AffinityStore;
import io.lb4j.affinity.Claim;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** Who listens to moves, by channel, and what came in on it. Messages that nobody could have sent are passed over. */
final class Moves extends RedisPubSubAdapter<String, String> {
    private final Map<String, List<AffinityStore.Listener>> listeners = new ConcurrentHashMap<>();

    /** Returns whether it is the first on this channel. */
    boolean add(String channel, AffinityStore.Listener listener) {
        boolean[] first = new boolean[1];
        listeners.compute(channel, (name, known) -> {
            first[0] = known == null;
            List<AffinityStore.Listener> all = known == null ? new CopyOnWriteArrayList<>() : known;
            all.add(listener);
            return all;
        });
        return first[0];
    }

    /** Returns whether it was the last on this channel. */
    boolean remove(String channel, AffinityStore.Listener listener) {
        boolean[] last = new boolean[1];
        listeners.computeIfPresent(channel, (name, all) -> {
            last[0] = all.remove(listener) && all.isEmpty();
            return all.isEmpty() ? null : all;
        });
        return last[0];
    }

    Set<String> channels() {
        return listeners.keySet();
    }

    @Override
    public void message(String channel, String message) {
        int space = message.indexOf(' ');
        if (space < 0) {
            return;
        }
        Long key = Names.parseHex(message.substring(0, space));
        Claim claim = Claims.parse(message.substring(space + 1));
        if (key != null && claim != null) {
            each(channel, listener -> listener.onMoved(key, claim));
        }
    }

    /** Also after each reconnection: what was said in between was not heard. */
    @Override
    public void subscribed(String channel, long count) {
        each(channel, AffinityStore.Listener::onUnsure);
    }

    private void each(String channel, Consumer<AffinityStore.Listener> call) {
        listeners.getOrDefault(channel, List.of()).forEach(call);
    }
}
