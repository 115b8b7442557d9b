import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageQueue;

/**
 * Sends numbered messages and writes one JSON line for each send result.
 * Arguments: nameServer topic group from count output mode (single | batch | oneway | big | spread).
 */
public class Produce {
    public static void main(String[] args) {
        try {
            run(args);
        } catch (Throwable problem) {
            problem.printStackTrace();
            System.exit(1);
        }
    }

    private static void run(String[] args) throws Exception {
        String nameServer = args[0];
        String topic = args[1];
        int from = Integer.parseInt(args[3]);
        int count = Integer.parseInt(args[4]);
        String mode = args[6];
        DefaultMQProducer producer = new DefaultMQProducer(args[2]);
        producer.setNamesrvAddr(nameServer);
        producer.setSendMsgTimeout(10000);
        producer.setInstanceName("produce-" + System.nanoTime());
        producer.start();
        try (PrintWriter out = new PrintWriter(args[5], "UTF-8")) {
            List<MessageQueue> queues = producer.fetchPublishMessageQueues(topic);
            queues.sort(null);
            int step = mode.equals("batch") ? 10 : 1;
            for (int seq = from; seq < from + count; seq += step) {
                MessageQueue queue = queues.get((seq / step) % queues.size());
                if (mode.equals("batch")) {
                    List<Message> batch = new ArrayList<>();
                    for (int i = seq; i < Math.min(seq + step, from + count); i++) {
                        batch.add(message(topic, i, mode));
                    }
                    SendResult result = producer.send(batch, queue);
                    line(out, seq, batch.size(), result);
                } else if (mode.equals("oneway")) {
                    producer.sendOneway(message(topic, seq, mode), queue);
                } else if (mode.equals("spread")) {
                    line(out, seq, 1, producer.send(message(topic, seq, mode)));
                } else {
                    line(out, seq, 1, producer.send(message(topic, seq, mode), queue));
                }
            }
        }
        producer.shutdown();
        System.exit(0);
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

    private static void line(PrintWriter out, int seq, int size, SendResult result) {
        out.printf("{\"seq\":%d,\"size\":%d,\"status\":\"%s\",\"msgId\":\"%s\",\"offsetMsgId\":\"%s\",\"brokerName\":\"%s\",\"queueId\":%d,\"queueOffset\":%d}%n",
            seq, size, result.getSendStatus(), result.getMsgId(), result.getOffsetMsgId(),
            result.getMessageQueue().getBrokerName(), result.getMessageQueue().getQueueId(), result.getQueueOffset());
    }
}
