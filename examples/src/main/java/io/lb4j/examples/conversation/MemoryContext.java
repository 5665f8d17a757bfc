package io.lb4j.examples.conversation;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/** In this process; gone with it. */
final class MemoryContext implements Context {
    private final Map<String, Map<Integer, String>> conversations = new ConcurrentHashMap<>();

    @Override
    public List<String> say(String conversation, int turn, String message) {
        Map<Integer, String> turns = conversations.computeIfAbsent(conversation, each -> new TreeMap<>());
        synchronized (turns) {
            turns.put(turn, message);
            return List.copyOf(turns.values());
        }
    }
}
