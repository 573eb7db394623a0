import type { common as texts } from '../en/common';
import type { Translation } from '../types';

export const common: Translation<typeof texts> = {
  'app.name': 'Colloquy',
  'app.starting': 'Đang mở Colloquy…',
  'app.unreachable': 'Không kết nối được với máy chủ.',
  'app.unreachable.hint': 'Hãy kiểm tra kết nối mạng. Trang sẽ tự thử lại.',
  'app.retry': 'Thử lại',
  'app.loading': 'Đang tải…',
  'app.close': 'Đóng',
  'app.cancel': 'Hủy',
  'app.title': '{screen} · Colloquy',
  'app.backToRooms': 'Về danh sách phòng',

  'language.en': 'English',
  'language.vi': 'Tiếng Việt',
  'language.label': 'Ngôn ngữ',
  'theme.label': 'Giao diện',
  'theme.system': 'Theo hệ thống',
  'theme.light': 'Sáng',
  'theme.dark': 'Tối',

  'error.unreachable': 'Không kết nối được với máy chủ. Hãy kiểm tra mạng rồi thử lại.',
  'error.unavailable': 'Một phần của máy chủ đang tạm ngừng. Hãy thử lại sau ít phút.',
  'error.ours': 'Máy chủ gặp sự cố. Hãy thử lại; nếu vẫn lỗi, hãy báo cho người quản trị.',
  'error.tooMany': 'Bạn đã thử quá nhiều lần. Hãy chờ một lúc rồi thử lại.',
  'error.tooManyUntil': { other: 'Bạn đã thử quá nhiều lần. Hãy thử lại sau {count} phút.' },
  'error.other': 'Máy chủ từ chối yêu cầu này: {message}',
};
