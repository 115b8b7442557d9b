import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageQueue;

/**
 * Sends numbered messages, the queues side by side and in order within each, and writes one JSON line for each send result.
 * Arguments: nameServer topic group from count output mode (single | batch | oneway | big | slow).
 */
public class Produce {
    private static final long SLOW_PAUSE_MS = 50;

    static int run(String[] args) throws Exception {
        String topic = args[1];
        int from = Integer.parseInt(args[3]);
        int to = from + Integer.parseInt(args[4]);
        String mode = args[6];
        DefaultMQProducer producer = Producers.start(args[0], args[2]);
        Producers.awaitRoute(producer, topic);
        List<MessageQueue> queues = producer.fetchPublishMessageQueues(topic);
        queues.sort(null);
        Map<Integer, String> lines = new ConcurrentSkipListMap<>();
        ExecutorService senders = Executors.newFixedThreadPool(queues.size());
        List<Future<?>> sent = new ArrayList<>();
        int step = mode.equals("batch") ? 10 : 1;
        for (int i = 0; i < queues.size(); i++) {
            MessageQueue queue = queues.get(i);
            int first = from + i * step;
            sent.add(senders.submit(() -> {
                for (int seq = first; seq < to; seq += queues.size() * step) {
                    String line = send(producer, queue, seq, Math.min(seq + step, to), mode);
                    lines.put(seq, line);
                }
                return null;
            }));
        }
        senders.shutdown();
        for (Future<?> queue : sent) {
            queue.get();
        }
        Files.write(Paths.get(args[5]), lines.values(), StandardCharsets.UTF_8);
        producer.shutdown();
        return 0;
    }

    /** Sends [from, to); returns the line of the result, empty if there is none. */
    private static String send(DefaultMQProducer producer, MessageQueue queue, int from, int to, String mode)
        throws Exception {
        Message first = message(queue.getTopic(), from, mode);
        switch (mode) {
            case "batch":
                List<Message> batch = new ArrayList<>();
                for (int i = from; i < to; i++) {
                    batch.add(message(queue.getTopic(), i, mode));
                }
                return line(from, batch.size(), producer.send(batch, queue));
            case "oneway":
                producer.sendOneway(first, queue);
                return "";
            case "slow":
                Thread.sleep(SLOW_PAUSE_MS);
                return line(from, 1, producer.send(first, queue));
            default:
                return line(from, 1, producer.send(first, queue));
        }
    }

    private static Message message(String topic, int seq, String mode) {
        StringBuilder body = new StringBuilder("m" + seq + ";\u00fc\u4e2d");
        if (mode.equals("big")) {
            while (body.length() < 6000) {
                body.append("0123456789 ");
            }
        }
        Message message = new Message(topic, "tag" + seq % 3, "key" + seq, body.toString().getBytes(StandardCharsets.UTF_8));
        message.putUserProperty("seq", String.valueOf(seq));
        message.setFlag(seq % 7);
        return message;
    }

    private static String line(int seq, int size, SendResult result) {
        return String.format("{\"seq\":%d,\"size\":%d,\"status\":\"%s\",\"msgId\":\"%s\",\"offsetMsgId\":\"%s\",\"brokerName\":\"%s\",\"queueId\":%d,\"queueOffset\":%d}",
            seq, size, result.getSendStatus(), result.getMsgId(), result.getOffsetMsgId(),
            result.getMessageQueue().getBrokerName(), result.getMessageQueue().getQueueId(), result.getQueueOffset());
    }
}
